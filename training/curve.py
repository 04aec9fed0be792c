"""The risk-coverage curve of a training report as an SVG picture.

python training/curve.py training-report.json docs/offline-risk-coverage.svg
"""

import argparse
import json
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 660, 400, 70
LOWEST = 0.5


def _x(coverage: float) -> float:
    return MARGIN + coverage * (WIDTH - 2 * MARGIN)


def _y(precision: float) -> float:
    return HEIGHT - MARGIN - (precision - LOWEST) / (1 - LOWEST) * (HEIGHT - 2 * MARGIN)


def draw(report: dict[str, object]) -> str:
    """The picture of a report that ``train.py`` wrote."""
    curve: list[dict[str, float]] = report["curve"]  # type: ignore[assignment]
    points = " ".join(f"{_x(p['coverage']):.1f},{_y(p['precision']):.1f}" for p in curve)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for tenth in range(0, 11, 2):
        x = _x(tenth / 10)
        parts.append(
            f'<text x="{x}" y="{HEIGHT - MARGIN + 20}" text-anchor="middle">{tenth * 10} %</text>'
        )
    for tenth in range(5, 11):
        y = _y(tenth / 10)
        parts.append(f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y + 4}" text-anchor="end">{tenth * 10} %</text>')
    parts.append(f'<polyline points="{points}" fill="none" stroke="#1f5fa8" stroke-width="2.5"/>')
    for point in curve[1:-1:2]:
        x, y = _x(point["coverage"]), _y(point["precision"])
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#1f5fa8"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{y - 10:.1f}" text-anchor="middle" fill="#555">{point["confidence"]:.2f}</text>'
        )
    parts += [
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">questions answered</text>',
        f'<text x="16" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2})">answers that are right</text>',
        f'<text x="{WIDTH / 2}" y="24" text-anchor="middle" font-weight="bold">Precision by coverage; at the points, the least confidence</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Read a report, write its picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    arguments.picture.write_text(draw(json.loads(arguments.report.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
