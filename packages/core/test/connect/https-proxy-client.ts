// Run by https-proxy.test.ts with its own authority in the environment: node https-proxy-client.js proxyHost proxyPort targetPort http|https
import { openSocket } from "../../src/connect/index.ts";
import { proxyExit } from "./support.ts";

const [proxyHost, proxyPort, targetPort, scheme] = process.argv.slice(2);
const exit = proxyExit("https", Number(proxyPort), { username: "u", password: "p" }, proxyHost);

openSocket(exit, { host: "127.0.0.1", port: Number(targetPort), servername: scheme === "https" ? "localhost" : undefined })
  .then(async (socket) => {
    socket.write("GET / HTTP/1.0\r\n\r\n");
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    process.stdout.write(answer.slice(answer.indexOf("\r\n\r\n") + 4));
  })
  .catch(({ code, phase, message }) => process.stdout.write(JSON.stringify({ code, phase, message })));
