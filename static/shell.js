// The first thing that runs: a plain script, since it must speak even where modules or the wasm module cannot be loaded.
// It chooses colours and language before anything is drawn, begins to fetch the wasm module, and says why the page does not
// start when it does not.
"use strict";

{
  const own = document.currentScript.dataset;

  // The chosen colours and language. An embedded page (`#embed=`) reads nothing that is kept; storage may be blocked, too: then
  // the system decides.
  let chosen = {};
  try {
    if (!/[#&]embed=/.test(location.hash)) {
      chosen = JSON.parse(localStorage.getItem("mtl-playground/preferences")) ?? {};
    }
  } catch {}
  const isDark = chosen.theme === "dark" || (chosen.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.scheme = isDark ? "dark" : "light";
  document.documentElement.lang = (chosen.lang ?? navigator.language).startsWith("zh") ? "zh-CN" : "en";

  // Says why the page has not started, or why it has stopped: in the place of "Loading", or above the page.
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
      `The page could not start; reloading may help. It needs a current browser (Chrome 91, Firefox 114, Safari 16.4 or later) and all of its files as they were published. 页面无法启动，可以试试重新加载。需要较新的浏览器（Chrome 91、Firefox 114、Safari 16.4 或更高），并且页面的文件须完整且未被改动。 — ${error}`,
    );
  const hasStarted = () => performance.getEntriesByName("mtl-interactive").length > 0;
  // A file that does not come, or is not the one that was published, is told to its element alone: the event does not bubble.
  addEventListener(
    "error",
    (event) => {
      if (event.target instanceof HTMLScriptElement || event.target instanceof HTMLLinkElement) {
        if (!hasStarted()) mtlBootFailed(event.target.src || event.target.href);
      } else if (!hasStarted()) {
        mtlBootFailed(event.message);
      } else if (event.error instanceof WebAssembly.RuntimeError) {
        fail(
          "The page has stopped on an internal error. What was saved is kept: reload the page. 页面因内部错误而停止。已保存的内容仍在，请重新加载页面。",
        );
      }
    },
    true,
  );
  setTimeout(() => {
    if (!hasFailed && !hasStarted()) {
      say(
        "Still loading: the connection is slow, or a file of the page does not arrive. 仍在加载：网络较慢，或页面的某个文件没有到达。",
        "status",
      );
    }
  }, 4000);

  if (location.protocol === "file:") {
    fail(
      "Browsers do not run this page from a file: serve the folder (cargo xtask serve). 浏览器不能直接从文件运行本页，请通过服务器打开（cargo xtask serve）。",
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
