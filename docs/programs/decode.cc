// Runs a decoder that `hotwire export` wrote, on samples from a file, by onnxruntime's C API.
//   c++ decode.cc -o decode -I ONNXRUNTIME/include -L ONNXRUNTIME/lib -lonnxruntime
//   ./decode decoder.onnx samples.f32 N_CHANNELS FIRST EVERY
// FIRST samples complete the first window, and EVERY more the next: `first_samples` and `every_samples` of the file's
// metadata. samples.f32 holds float32, sample by sample.
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

static const OrtApi* ort = OrtGetApiBase()->GetApi(17);

static void check(OrtStatus* status) {
  if (status == nullptr) return;
  std::fprintf(stderr, "%s\n", ort->GetErrorMessage(status));
  std::exit(1);
}

template <class T>
static OrtValue* tensor(std::vector<T>& values, std::vector<int64_t> shape, ONNXTensorElementDataType type) {
  OrtMemoryInfo* memory;
  OrtValue* made;
  check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  check(ort->CreateTensorWithDataAsOrtValue(memory, values.data(), values.size() * sizeof(T), shape.data(),
                                            shape.size(), type, &made));
  ort->ReleaseMemoryInfo(memory);
  return made;
}

int main(int argc, char** argv) {
  if (argc != 6) return std::fprintf(stderr, "expected: decoder.onnx samples.f32 N_CHANNELS FIRST EVERY\n"), 2;
  const size_t n_channels = std::atoi(argv[3]), first = std::atoi(argv[4]), every = std::atoi(argv[5]);
  OrtEnv* env;
  OrtSessionOptions* options;
  OrtSession* session;
  check(ort->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "decode", &env));
  check(ort->CreateSessionOptions(&options));
  check(ort->SetIntraOpNumThreads(options, 1));
  check(ort->CreateSession(env, argv[1], options, &session));

  OrtTypeInfo* info;
  const OrtTensorTypeAndShapeInfo* of_state;
  size_t n_state;
  check(ort->SessionGetInputTypeInfo(session, 1, &info));
  check(ort->CastTypeInfoToTensorInfo(info, &of_state));
  check(ort->GetTensorShapeElementCount(of_state, &n_state));
  std::vector<double> state(n_state, 0.0);  // zeros at the beginning

  std::FILE* file = std::fopen(argv[2], "rb");
  if (file == nullptr) return std::perror(argv[2]), 1;
  const char *inputs[] = {"samples", "state"}, *outputs[] = {"probabilities", "usable", "next_state"};
  std::vector<float> samples(n_channels * first);
  while (std::fread(samples.data(), sizeof(float), samples.size(), file) == samples.size()) {
    const int64_t n_samples = samples.size() / n_channels;
    OrtValue* given[] = {
        tensor(samples, {n_samples, static_cast<int64_t>(n_channels)}, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT),
        tensor(state, {static_cast<int64_t>(n_state)}, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE)};
    OrtValue* came[3] = {nullptr, nullptr, nullptr};
    check(ort->Run(session, nullptr, inputs, given, 2, outputs, 3, came));
    OrtTensorTypeAndShapeInfo* of_classes;
    size_t n_classes;
    double *probabilities, *next_state;
    bool* usable;
    check(ort->GetTensorTypeAndShape(came[0], &of_classes));
    check(ort->GetTensorShapeElementCount(of_classes, &n_classes));
    check(ort->GetTensorMutableData(came[0], reinterpret_cast<void**>(&probabilities)));
    check(ort->GetTensorMutableData(came[1], reinterpret_cast<void**>(&usable)));
    check(ort->GetTensorMutableData(came[2], reinterpret_cast<void**>(&next_state)));
    for (size_t i = 0; *usable && i < n_classes; ++i) std::printf("%.17g%c", probabilities[i], i + 1 < n_classes ? ' ' : '\n');
    std::copy(next_state, next_state + n_state, state.begin());
    ort->ReleaseTensorTypeAndShapeInfo(of_classes);
    for (OrtValue* one : {given[0], given[1], came[0], came[1], came[2]}) ort->ReleaseValue(one);
    samples.resize(n_channels * every);
  }
}
