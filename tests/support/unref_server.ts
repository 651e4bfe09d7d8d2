/** A server that does not keep its process: prints that it listens, and ends by itself. */

import { lines, serve } from "../../mod.ts";

serve({ port: 0, codec: lines() }, () => ({ frame() {} })).unref();
console.log("listening");
