"""Reads objects with a client for Python: worker.py KIND BUCKET, then lines of KEY and perhaps a file to leave it in.

Answers each line with one line of JSON: seconds of wall and of processor time, the peak of memory in bytes, the size.
"""

import json
import os
import sys
import time

KIND, BUCKET = sys.argv[1:3]
PART = 8 << 20


def s3dlio_get():
    # Beside its defaults and 16 and 32 ranges at a time, the fastest of a short trial on two busy cores.
    os.environ["S3DLIO_ENABLE_RANGE_OPTIMIZATION"] = "1"
    os.environ["S3DLIO_RANGE_CONCURRENCY"] = "8"
    os.environ["S3DLIO_CHUNK_SIZE"] = str(PART)
    import s3dlio

    return lambda key: [s3dlio.get(f"s3://{BUCKET}/{key}")]


def obstore_store():
    from obstore.store import S3Store

    return S3Store(
        BUCKET,
        endpoint=os.environ["AWS_ENDPOINT_URL"],
        region=os.environ["AWS_REGION"],
        access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        client_options={"allow_http": True},
    )


def obstore_get():
    import obstore

    store = obstore_store()
    return lambda key: [obstore.get(store, key).bytes()]


def obstore_ranges():
    import obstore

    store = obstore_store()

    def get(key):
        size = obstore.head(store, key)["size"]
        starts = list(range(0, size, PART))
        ends = [min(start + PART, size) for start in starts]
        return obstore.get_ranges(store, key, starts=starts, ends=ends, coalesce=0)

    return get


def peak():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def run(get, key, file):
    """Reads an object, and leaves it in a file if one is named; its size. Whatever it holds is given back at its end."""
    chunks = get(key)
    if file:
        with open(file, "wb") as out:
            for chunk in chunks:
                out.write(memoryview(chunk))
    return sum(memoryview(chunk).nbytes for chunk in chunks)


def main():
    get = {"s3dlio": s3dlio_get, "obstore": obstore_get, "obstore-ranges": obstore_ranges}[KIND]()
    for line in sys.stdin:
        key, file = line.rstrip("\n").split(" ", 1)
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
        wall, cpu = time.perf_counter(), time.process_time()
        size = run(get, key, file)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak(), "size": size}), flush=True)


main()
