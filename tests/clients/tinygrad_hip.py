# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""
Chooses tinygrad's HIP backend with tinygrad's own way through LLVM, as ROCm's compiler library is not here; lld (CLIENT_LLD) links
what it makes. Imported before tinygrad, or given to pytest as a plugin.
"""
import os
import subprocess
import tempfile

os.environ["DEV"] = "HIP"
os.environ["CACHELEVEL"] = "0"
os.environ["PARALLEL"] = "0"  # in other processes the compiler would be the one without a linker
from tinygrad.renderer import llvmir
from tinygrad.runtime import ops_hip
from tinygrad.runtime.support import compiler_llvm


class Linked(compiler_llvm.AMDLLVMCompiler):
    def __reduce__(self):
        return (Linked, (self.arch,))

    def compile(self, source):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/object", "wb") as file:
                file.write(super().compile(source))
            subprocess.run([os.environ.get("CLIENT_LLD", "ld.lld"), "-shared", "-o", f"{folder}/linked",
                            f"{folder}/object"], check=True)
            with open(f"{folder}/linked", "rb") as file:
                return file.read()


compiler_llvm.AMDLLVMCompiler = Linked
ops_hip.HIPRenderer = llvmir.AMDLLVMRenderer
