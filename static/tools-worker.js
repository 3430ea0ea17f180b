// The worker of the tools module (`tools/`): the first message brings the module, which the page has fetched and compiled;
// each further one is a request (id, text, buffers), which is answered at once, or the number of a ping. The messages are those of
// `src/worker/`.
import init, { answer } from "./tools.js";

self.addEventListener(
  "message",
  async ({ data: module }) => {
    await init({ module_or_path: module });
    self.onmessage = ({ data }) => {
      if (typeof data === "number") return self.postMessage(["pong", data]);
      const [id, request, ...buffers] = data;
      try {
        const [text, ...payloads] = answer(request, buffers);
        self.postMessage(["reply", id, text, ...payloads], payloads);
      } catch (error) {
        // After a trap the module is in no state to go on: the page starts another worker.
        self.postMessage(["panic", String(error)]);
      }
    };
    self.postMessage(["ready"]);
  },
  { once: true },
);
