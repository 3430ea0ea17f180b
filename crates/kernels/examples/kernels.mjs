// Runs the wasm build of `kernels.rs`: node kernels.mjs FILE.wasm
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
const instance = await WebAssembly.instantiate(module, {
  env: {
    now_ms: () => performance.now(),
    print: (text, len) => console.log(new TextDecoder().decode(new Uint8Array(instance.exports.memory.buffer, text, len))),
  },
});
instance.exports.run();
