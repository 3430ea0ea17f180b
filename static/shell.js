// The first script that runs: a classic script, since it must show a message even if modules or the wasm module cannot be loaded.
// It sets colours and language before the first paint, starts to fetch the wasm module, and shows a message if the page does
// not start.
"use strict";

{
  const own = document.currentScript.dataset;

  // The preferred colours and language. An embedded page (`#embed=`) reads no stored data, and storage may be blocked: then
  // the system's settings apply.
  let chosen = {};
  try {
    if (!/[#&]embed=/.test(location.hash)) {
      chosen = JSON.parse(localStorage.getItem("mtl-playground/preferences")) ?? {};
    }
  } catch {}
  const isDark = chosen.theme === "dark" || (chosen.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.scheme = isDark ? "dark" : "light";
  document.documentElement.lang = (chosen.lang ?? navigator.language).startsWith("zh") ? "zh-CN" : "en";

  // Shows why the page has not started, or why it has stopped: in place of "Loading", or above the page.
  let hasFailed = false;
  const say = (text, role) => {
    let status = document.getElementById("boot-status");
    if (!status) {
      status = document.createElement("p");
      status.id = "boot-status";
      status.className = "boot-stopped";
      document.body.prepend(status);
    }
    status.setAttribute("role", role);
    status.textContent = text;
  };
  const whenParsed = (act) =>
    document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", act, { once: true }) : act();
  const fail = (text) => {
    if (hasFailed) return;
    hasFailed = true;
    whenParsed(() => say(text, "alert"));
  };
  globalThis.mtlBootFailed = (error) =>
    fail(
      `The page could not start; reloading may help. It needs a current browser (Chrome 91, Firefox 114, Safari 16.4 or later) and all of its files, unchanged. 页面无法启动，可以试试重新加载。需要较新的浏览器（Chrome 91、Firefox 114、Safari 16.4 或更高），并且页面的文件须完整且未被改动。 — ${error}`,
    );
  const hasStarted = () => performance.getEntriesByName("mtl-interactive").length > 0;
  // The error event of a file that cannot be loaded, or has a wrong checksum, does not bubble: it is captured here.
  addEventListener(
    "error",
    (event) => {
      if (event.target instanceof HTMLScriptElement || event.target instanceof HTMLLinkElement) {
        if (!hasStarted()) mtlBootFailed(event.target.src || event.target.href);
      } else if (!hasStarted()) {
        mtlBootFailed(event.message);
      } else if (event.error instanceof WebAssembly.RuntimeError) {
        fail(
          "The page stopped because of an internal error. Saved work is kept: reload the page. 页面因内部错误而停止。已保存的内容仍在，请重新加载页面。",
        );
      }
    },
    true,
  );
  setTimeout(() => {
    if (!hasFailed && !hasStarted()) {
      say(
        "Still loading: the connection is slow, or a file of the page cannot be reached. 仍在加载：网络较慢，或页面的某个文件没有到达。",
        "status",
      );
    }
  }, 4000);

  if (location.protocol === "file:") {
    fail(
      "Browsers cannot run this page from a file: serve the folder (cargo xtask serve). 浏览器不能直接从文件运行本页，请通过服务器打开（cargo xtask serve）。",
    );
  }

  const get = (url, integrity) => fetch(url, { credentials: "same-origin", integrity });
  globalThis.mtlModule = get(own.module, own.moduleIntegrity);
  // `boot.js` hears of it, and says so.
  mtlModule.catch(() => {});

  // One of two builds of the trainer: with products and sums in one instruction (relaxed SIMD) where this browser has it,
  // which the little module here asks: a function of that instruction alone. The page answers without it, and it is there when
  // somebody presses Play.
  const relaxed = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0,
    253, 15, 65, 0, 253, 15, 253, 133, 2, 11];
  const [url, integrity] = WebAssembly.validate(new Uint8Array(relaxed))
    ? [own.relaxed, own.relaxedIntegrity]
    : [own.trainer, own.trainerIntegrity];
  globalThis.mtlTrainer = { first: get(url, integrity), fetch: () => get(url, integrity) };
  mtlTrainer.first.catch(() => {});
}
