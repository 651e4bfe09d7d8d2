/** A peer: Node's `net`, lines cut by hand as a careful Node programmer would. Prints its port. */
import { createServer } from "node:net";

const server = createServer({ noDelay: true }, (socket) => {
  socket.setEncoding("utf8");
  /** The beginning of a line that straddles chunks. */
  let rest = "";

  socket.on("data", (text) => {
    // Everything that one chunk completes leaves in one writev.
    socket.cork();
    let at = 0;
    let flows = true;
    for (;;) {
      const stop = text.indexOf("\n", at);
      if (stop < 0) break;
      const line = rest + text.slice(at, stop);
      rest = "";
      at = stop + 1;
      flows = socket.write(line + "\n");
    }
    rest += text.slice(at);
    socket.uncork();
    if (!flows) socket.pause();
  });
  socket.on("drain", () => socket.resume());
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", 511, () => console.log(server.address().port));
