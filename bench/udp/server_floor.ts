/** The floor: the bare receive and send loop, with a buffer of its own. Prints its port. */
const socket = Deno.listenDatagram({
  transport: "udp",
  hostname: "127.0.0.1",
  port: 0,
});
console.log((socket.addr as Deno.NetAddr).port);

const buffer = new Uint8Array(65_536);
for (;;) {
  const [bytes, from] = await socket.receive(buffer);
  await socket.send(bytes, from);
}
