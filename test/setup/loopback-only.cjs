// Preloaded into a peer that has no setting for its address: whatever it listens on is kept to this machine.
const { Server } = require("node:net");

const listen = Server.prototype.listen;
Server.prototype.listen = function onThisMachine(...args) {
  const rest = args.slice(1).filter((arg) => typeof arg === "function");
  if (typeof args[0] === "number") return listen.apply(this, [args[0], "127.0.0.1", ...rest]);
  if (typeof args[0] === "object" && args[0] !== null && "port" in args[0])
    return listen.apply(this, [{ ...args[0], host: "127.0.0.1" }, ...rest]);
  return listen.apply(this, args);
};

// It opens a browser by a program that a machine without a screen has not, and ends where there is none: nothing is opened.
const children = require("node:child_process");
const spawn = children.spawn;
children.spawn = (command, ...rest) =>
  /(?:^|[\\/])(?:xdg-open|open)$/.test(command) ? spawn(process.execPath, ["-e", ""]) : spawn(command, ...rest);
