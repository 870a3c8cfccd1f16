"""The shared parts of every long experiment: jobs named by content, a cache on disk, all cores or a cluster, resuming.

An experiment says which jobs an opened study has, under which names their results are cached, and how they are computed
(`jobs.Experiment`). `jobs.fill_cache` then does the jobs whose results are missing, on this machine (`jobs.work_here`)
or on a dask cluster (`cluster.Cluster`). A run that was stopped continues where it was.
"""
