// node:worker_threads, as far as the crew of the WebAssembly machine uses it, over a browser's workers.
// In a worker the module waits for the data with which it was started, as Node has it from the start.

export class Worker {
  constructor(url, { workerData }) {
    this.worker = new globalThis.Worker(url, { type: "module" });
    this.worker.postMessage(workerData);
  }

  once(event, listener) {
    const type = event === "error" ? "error" : "message";
    const listen = (e) => listener(type === "error" ? new Error(e.message) : e.data);
    this.worker.addEventListener(type, listen, { once: true });
  }

  unref() {}

  async terminate() {
    this.worker.terminate();
  }
}

const isCrew = self.location.pathname.endsWith("/machine/worker.js");

export const parentPort = { postMessage: (message) => self.postMessage(message) };

export const workerData = isCrew
  ? await new Promise((resolve) => {
      self.addEventListener("message", (e) => resolve(e.data), { once: true });
    })
  : undefined;
