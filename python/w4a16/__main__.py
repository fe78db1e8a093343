# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""python -m w4a16 doctor, python -m w4a16 calibrate"""

from __future__ import annotations

import argparse
import sys

from w4a16 import doctor


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m w4a16", description="W4A16 linear layers on AMD RDNA3")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("doctor", help="what is found on this machine, what is missing, and what to do about it")
    about = "statistics of the inputs of a model's linear layers, for `w4a16 quantize --calibration`"
    calibrate = verbs.add_parser("calibrate", help=about, description=f"Writes {about}.")
    calibrate.add_argument("model", help="directory of the 16-bit model, for transformers")
    calibrate.add_argument("text", help="a file of plain text like what the model will read")
    calibrate.add_argument("out", help="the file to write (.safetensors)")
    calibrate.add_argument("--tokens", type=int, default=32768, help="of the text's beginning (default 32768)")
    arguments = parser.parse_args()
    if arguments.verb == "doctor":
        return doctor.main()
    from w4a16 import calibrate as calibration  # needs PyTorch

    try:
        return calibration.main(arguments.model, arguments.text, arguments.out, arguments.tokens)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
