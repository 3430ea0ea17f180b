// The worker of the tools module (`tools/`): the first message brings the module, which the page has fetched and compiled;
// each further one is a question with its buffers, and is answered at once. The messages are those of `src/worker/`.
import init, { answer } from "./tools.js";

self.addEventListener(
  "message",
  async ({ data: module }) => {
    await init({ module_or_path: module });
    self.onmessage = ({ data: [question, ...buffers] }) => {
      try {
        const [text, ...payloads] = answer(question, buffers);
        self.postMessage(["event", text, ...payloads], payloads);
      } catch (error) {
        // After a trap the module is in no state to go on: the page starts another worker.
        self.postMessage(["panic", String(error)]);
      }
    };
    self.postMessage(["ready"]);
  },
  { once: true },
);
