"""Draw the pictures of the documents.

python -m docs.pictures              writes all of them to docs/images, in a few seconds
python -m docs.pictures cones jobs   writes these two
"""

import sys

from docs.pictures import benches, diagrams, measured

PICTURES = {
    "cones": measured.cones,
    "cover": measured.cover,
    "torus": measured.torus,
    "latency": measured.latency,
    "parts": measured.parts,
    "training": benches.training,
    "published": benches.published,
    "agora-loop": diagrams.agora_loop,
    "floors": diagrams.floors,
    "jobs": diagrams.jobs,
    "models": diagrams.models,
    "space": diagrams.space,
    "dependencies": diagrams.dependencies,
}


def main(names: list[str]) -> None:
    """Write the named pictures, or all."""
    folder = measured.ROOT / "docs" / "images"
    for name in names or PICTURES:
        (folder / f"{name}.svg").write_text(PICTURES[name](), encoding="utf-8")
        sys.stdout.write(f"docs/images/{name}.svg\n")


if __name__ == "__main__":
    main(sys.argv[1:])
