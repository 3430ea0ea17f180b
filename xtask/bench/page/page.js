// Takes commands from the program that serves this page and hands each to the worker that it names.
//
// command: {id, worker, setup, command}; `setup` starts a worker that does not run yet. The command
// {do: "end"} terminates the worker. Answer: {id, answer} or {id, error}.

const workers = new Map();

async function reply(message) {
  await fetch("/__bench/reply", { method: "POST", body: JSON.stringify(message) });
}

function start(name, setup) {
  const worker = new Worker("./worker.js", { name });
  const waiting = new Set();
  worker.onmessage = ({ data }) => {
    waiting.delete(data.id);
    reply(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const id of waiting) reply({ id, error: event.message || "the worker's script did not load" });
    waiting.clear();
  };
  const entry = { worker, waiting };
  workers.set(name, entry);
  worker.postMessage({ setup });
  return entry;
}

for (;;) {
  const answer = await fetch("/__bench/next").catch(() => null);
  // Without a server there is nothing left to do.
  if (answer === null) break;
  if (answer.status !== 200) continue;
  const { id, worker, setup, command } = await answer.json();
  if (command.do === "end") {
    workers.get(worker)?.worker.terminate();
    workers.delete(worker);
    await reply({ id, answer: {} });
    continue;
  }
  const entry = workers.get(worker) ?? start(worker, setup);
  entry.waiting.add(id);
  entry.worker.postMessage({ id, command });
}
