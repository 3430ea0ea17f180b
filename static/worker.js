// The worker's side of `src/worker/`: the first message brings the trainer's module, which the page has compiled.
import init, { worker_main } from "./trainer.js";

self.addEventListener(
  "message",
  async ({ data: module }) => {
    try {
      await init({ module_or_path: module });
      worker_main();
    } catch (error) {
      // A rejected promise in a worker is not reported to the page.
      self.postMessage(["panic", String(error)]);
    }
  },
  { once: true },
);
