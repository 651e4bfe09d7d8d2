/** A peer: Node's `net` with Node's own `readline`. Prints its port. */
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const server = createServer({ noDelay: true }, (socket) => {
  const lines = createInterface({ input: socket, crlfDelay: Infinity });
  lines.on("line", (line) => {
    if (!socket.write(line + "\n")) lines.pause();
  });
  socket.on("drain", () => lines.resume());
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", 511, () => console.log(server.address().port));
