import { describe, expect, it } from "vitest";
import {
  buildProgram,
  type ElementProgram,
  k,
  LIMITS,
  literal,
  o,
  programBytes,
  validateProgram,
} from "../../operators/index.js";

const view = { source: 0, dtype: "f32", dims: [2, 3] } as const;
const valid: ElementProgram = buildProgram({
  sources: [view],
  dtype: "f32",
  out: [2],
  fold: [3],
  when: [[o(0), k(0)]],
  init: [literal("f32", 0)],
  step: (s) => [s.add(s.state(0), s.read(view, [o(0), k(0)]))],
  finish: (f) => f.state(0),
});

/** A copy with something changed, deep inside. */
function changed(change: (p: Mutable) => void): ElementProgram {
  const copy = structuredClone(valid);
  change(copy);
  return copy;
}

// biome-ignore lint/suspicious/noExplicitAny: the point is to break the type
type Mutable = any;

const BROKEN: readonly [string, (p: Mutable) => void][] = [
  [
    "a negative dim",
    (p) => {
      p.out[0] = -1;
    },
  ],
  [
    "a fractional dim",
    (p) => {
      p.fold[0] = 1.5;
    },
  ],
  [
    "too many dims",
    (p) => {
      p.out = new Array(LIMITS.rank + 1).fill(1);
    },
  ],
  [
    "more elements than 2^48",
    (p) => {
      p.out[0] = 2 ** 48;
    },
  ],
  [
    "an unknown dtype of a source",
    (p) => {
      p.sources[0].dtype = "f8";
    },
  ],
  [
    "a view of another length",
    (p) => {
      p.step.code[1].view = [2, 4];
    },
  ],
  [
    "an index per axis missing",
    (p) => {
      p.step.code[1].index.pop();
    },
  ],
  [
    "a coefficient per dim missing",
    (p) => {
      p.step.code[1].index[0].out = [];
    },
  ],
  [
    "an affine beyond 2^48",
    (p) => {
      p.step.code[1].index[0].constant = 2 ** 48;
    },
  ],
  [
    "an affine extreme beyond 2^48",
    (p) => {
      p.when[0].out[0] = 2 ** 47;
      p.out[0] = 9;
    },
  ],
  [
    "a fractional coefficient",
    (p) => {
      p.when[0].fold[0] = 0.5;
    },
  ],
  [
    "a source that is not there",
    (p) => {
      p.step.code[1].source = 1;
    },
  ],
  [
    "a pad of another type",
    (p) => {
      p.step.code[1].pad = literal("f64", 0);
    },
  ],
  [
    "a pad NaN that is not canonical",
    (p) => {
      p.step.code[1].pad.bits = 0x7fc00001n;
    },
  ],
  [
    "a literal wider than its type",
    (p) => {
      p.init[0].bits = 1n << 32n;
    },
  ],
  [
    "an unknown micro-op",
    (p) => {
      p.step.code[2].op = "f32.fma";
    },
  ],
  [
    "a micro-op named like a property of objects",
    (p) => {
      p.step.code[2].op = "constructor";
    },
  ],
  [
    "an operand of another type",
    (p) => {
      p.step.code[2].op = "f64.add";
    },
  ],
  [
    "a forward reference",
    (p) => {
      p.step.code[2].args[0] = 2;
    },
  ],
  [
    "an operand too few",
    (p) => {
      p.step.code[2].args.pop();
    },
  ],
  [
    "a state word that is not there",
    (p) => {
      p.step.code[0].index = 1;
    },
  ],
  [
    "a result that is not there",
    (p) => {
      p.step.results[0] = 3;
    },
  ],
  [
    "a result per state word missing",
    (p) => {
      p.step.results = [];
    },
  ],
  [
    "a fold without state",
    (p) => {
      p.init = [];
    },
  ],
  [
    "a pure map with state",
    (p) => {
      p.fold = [];
      p.when = [];
    },
  ],
  [
    "a finish of two registers",
    (p) => {
      p.finish.results = [0, 0];
    },
  ],
  [
    "an element that cannot be stored",
    (p) => {
      p.dtype = "i64";
    },
  ],
  [
    "a fold coordinate in finish",
    (p) => {
      p.finish.code[0] = { kind: "coordinate", value: { constant: 0, out: [0], fold: [1] } };
    },
  ],
  [
    "too many instructions",
    (p) => {
      p.finish.code = new Array(LIMITS.instructions + 1).fill(p.finish.code[0]);
    },
  ],
  [
    "too many sources",
    (p) => {
      p.sources = new Array(LIMITS.sources + 1).fill(p.sources[0]);
    },
  ],
];

describe("validateProgram", () => {
  it("accepts what the builder makes", () => {
    expect(() => validateProgram(valid)).not.toThrow();
  });

  for (const [what, change] of BROKEN) {
    it(`refuses ${what}`, () => {
      expect(() => validateProgram(changed(change))).toThrow(
        expect.objectContaining({ code: "program/invalid" }),
      );
    });
  }
});

describe("programBytes", () => {
  const CHANGES: readonly [string, (p: Mutable) => void][] = [
    [
      "a source",
      (p) => {
        p.sources[0].dtype = "f16";
      },
    ],
    [
      "the dtype",
      (p) => {
        p.dtype = "f16";
      },
    ],
    [
      "a dim",
      (p) => {
        p.out[0] = 3;
      },
    ],
    [
      "the place of a dim",
      (p) => {
        p.out = [];
        p.fold = [2, 3];
      },
    ],
    [
      "a condition",
      (p) => {
        p.when[0].constant = 1;
      },
    ],
    [
      "the initial state",
      (p) => {
        p.init[0].bits = 1n;
      },
    ],
    [
      "an index",
      (p) => {
        p.step.code[1].index[1].constant = 1;
      },
    ],
    [
      "a pad",
      (p) => {
        p.step.code[1].pad.bits = 1n;
      },
    ],
    [
      "a view",
      (p) => {
        p.step.code[1].view = [3, 2];
      },
    ],
    [
      "a micro-op",
      (p) => {
        p.step.code[2].op = "f32.sub";
      },
    ],
    [
      "an operand",
      (p) => {
        p.step.code[2].args[1] = 0;
      },
    ],
    [
      "a result",
      (p) => {
        p.step.results[0] = 1;
      },
    ],
  ];

  it("is the same for equal programs", () => {
    expect(programBytes(changed(() => undefined))).toEqual(programBytes(valid));
  });

  for (const [what, change] of CHANGES) {
    it(`changes with ${what}`, () => {
      expect(programBytes(changed(change))).not.toEqual(programBytes(valid));
    });
  }
});
