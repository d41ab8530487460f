"""Cluster: what three Qdrant nodes would need and survive, on paper - from Qdrant's published figures and ours.

Source: Qdrant's documentation, "Capacity planning" (number of vectors * dimension * 4 bytes * 1.5) and "Distributed
deployment" (consensus by majority, copies of shards, what works while a node is down).
"""

from __future__ import annotations

import math

from dinoscope.evidence import TABLE, Table

from ..evidence import count, number

NODES, SHARDS, COPIES = 3, 6, 2
"""Of the cluster that `docker compose --profile cluster` starts; two shards a node, each on two nodes."""
DIMENSIONS = 512
"""Of a picture's vector."""
OVERHEAD = 1.5
"""What Qdrant's rule of thumb adds for graphs, versions and the segments that an optimiser rewrites."""
SIZES = (1_000_000, 10_000_000, 100_000_000)
BYTES = {"float32": 4.0, "int8": 1.0, "binary": 1 / 8}
"""Bytes that a component takes in memory: as it is, and quantized."""

NOTES = [
    f"The cluster is on paper: {NODES} nodes, {SHARDS} shards, each on {COPIES} of the nodes. Memory a node is "
    f"Qdrant's published rule (vectors times dimensions times bytes a component times {OVERHEAD:g}), for {DIMENSIONS} "
    f"components, times {COPIES} copies, over {NODES} nodes; int8 keeps a fourth of it in memory and rescores from the "
    "disk, as this app's collections do, binary one thirty-second. Disk a node is what a case took here in a folder, "
    "copies and room for rewriting a segment included; patch vectors and payload stay on the disk.",
    "While one node of three is down, a majority is left: reads, writes and new collections go on, from the other "
    "copy of each shard. While two are down, what the last node holds can still be read, in part; nothing can be "
    "created. A node that comes back catches up from its peers. None of this was tried here.",
]


def table(rows: list[dict]) -> Table:
    """A row for each number of cases: memory a node by quantization, disk a node.

    Args:
        rows: of the measurement of growth, whose largest folder says what a case takes on the disk.
    """
    folders = [r for r in rows if r["place"] == "folder" and r.get("disk")]
    largest = max(folders, key=lambda r: r["cases"]) if folders else None
    found = []
    for cases in SIZES:
        row: dict = {"cases": cases, "shard": math.ceil(cases / SHARDS)}
        for name, size in BYTES.items():
            row[name] = round(cases * DIMENSIONS * size * OVERHEAD * COPIES / NODES / 1e9, 1)
        if largest:
            row["disk"] = round(2 * cases * largest["disk"] / largest["cases"] * COPIES / NODES / 1e3, 1)
        found.append(row)
    columns = (
        count("cases"),
        count("shard", "cases a shard"),
        *(number(name, f"memory a node, {name}", "GB", 1) for name in BYTES),
        number("disk", "disk a node", "GB", 1),
    )
    return Table(
        "cluster", f"On paper: a cluster of {NODES} nodes, {COPIES} copies of each shard", TABLE, columns, found
    )
