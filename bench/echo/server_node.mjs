/** A peer: Node's `net`, framing by hand as a careful Node programmer would. Prints its port. */
import { createServer } from "node:net";

const server = createServer({ noDelay: true }, (socket) => {
  const header = Buffer.allocUnsafe(4);
  let headerBytes = 0;
  /** The frame that straddles chunks, header included. */
  let frame;
  let have = 0;

  socket.on("data", (chunk) => {
    // Everything that one chunk completes leaves in one writev.
    socket.cork();
    let at = 0;
    let flows = true;
    while (at < chunk.length) {
      if (frame === undefined && headerBytes === 0) {
        const rest = chunk.length - at;
        if (rest >= 4) {
          const end = at + 4 + chunk.readUInt32BE(at);
          if (end <= chunk.length) {
            flows = socket.write(chunk.subarray(at, end));
            at = end;
            continue;
          }
        }
      }
      if (frame === undefined) {
        const count = Math.min(4 - headerBytes, chunk.length - at);
        chunk.copy(header, headerBytes, at, at + count);
        headerBytes += count;
        at += count;
        if (headerBytes < 4) break;
        frame = Buffer.allocUnsafe(4 + header.readUInt32BE(0));
        header.copy(frame);
        have = 4;
      }
      const count = Math.min(frame.length - have, chunk.length - at);
      chunk.copy(frame, have, at, at + count);
      have += count;
      at += count;
      if (have < frame.length) break;
      flows = socket.write(frame);
      frame = undefined;
      headerBytes = 0;
    }
    socket.uncork();
    if (!flows) socket.pause();
  });
  socket.on("drain", () => socket.resume());
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", 511, () => console.log(server.address().port));
