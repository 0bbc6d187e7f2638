import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { availableMemory, memoryLimit } from "../../src/cli/memory.js";

test("the default limit is what this machine has left", () => {
  const available = availableMemory();
  expect(available).toBeGreaterThan(2 ** 20);
  expect(available).toBeLessThanOrEqual(totalmem());
  expect(memoryLimit(undefined)).toBeLessThanOrEqual(totalmem());
});

test("--memory-limit counts in MiB", () => {
  expect(memoryLimit(1.5)).toBe(1.5 * 2 ** 20);
});

test("where Node does not say what is available, it follows from what is free and allowed", () => {
  const owner = process as { availableMemory?: () => number };
  const { availableMemory: own } = owner;
  Object.defineProperty(process, "availableMemory", { value: undefined, configurable: true });
  try {
    const available = availableMemory();
    expect(available).toBeGreaterThan(0);
    expect(available).toBeLessThanOrEqual(totalmem());
  } finally {
    Object.defineProperty(process, "availableMemory", { value: own, configurable: true });
  }
});
