"""What every long experiment needs once: jobs named by content, a cache on disk, all cores or a cluster, resuming.

An experiment says which jobs an opened study has, under which names their results are cached, and how they are worked
out (`jobs.Experiment`). `jobs.fill_cache` then does the jobs whose results are not in the cache yet, on this machine
(`jobs.work_here`) or on a dask cluster (`cluster.Cluster`). A run that was stopped goes on where it was.
"""
