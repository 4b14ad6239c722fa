import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Opens connections that say nothing, in a process of its own: it says when all are open, and closes them on any message. */
const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const sockets: Socket[] = [];
while (sockets.length < count) {
  const batch = Array.from({ length: Math.min(200, count - sockets.length) }, () => connect(port, "127.0.0.1"));
  for (const socket of batch) socket.on("error", () => undefined);
  await Promise.all(batch.map((socket) => once(socket, "connect")));
  sockets.push(...batch);
}
process.once("message", () => {
  for (const socket of sockets) socket.destroy();
  process.disconnect();
});
process.send?.("open");
