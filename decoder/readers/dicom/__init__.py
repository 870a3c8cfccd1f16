"""DICOM files, as scanners send them: any kind of file as slices, slices as volumes, files as a recording."""
