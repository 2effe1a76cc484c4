// @multihome/core/testing: what users' tests and our own judge by.
export { ManualClock } from "./manual-clock.ts";
export { seededRandom } from "./random.ts";

export { noopTransport } from "./noop-transport.ts";
export { scriptedTransport } from "./scripted-transport.ts";
export type { ScriptStep, ScriptedAttempt, ScriptedResponse, ScriptedTransport } from "./scripted-transport.ts";
export type { SentRecord } from "./scripted-exchange.ts";

export { startSocksServer } from "./proxy/socks-server.ts";
export type { SocksFault, SocksServer, SocksServerOptions } from "./proxy/socks-server.ts";
export { SOCKS_LIES } from "./proxy/socks-lies.ts";
export type { AfterLie, Lie, SocksLie } from "./proxy/socks-lies.ts";
export { startHttpProxy } from "./proxy/http-proxy.ts";
export type { HttpProxy, HttpProxyFault, HttpProxyOptions } from "./proxy/http-proxy.ts";
export { HTTP_PROXY_LIES } from "./proxy/http-lies.ts";
export type { HttpProxyLie } from "./proxy/http-lies.ts";
export type { CommonFault, FaultPlan, PlainFault } from "./proxy/faults.ts";
export type { Destination, ProxyBooks } from "./proxy/books.ts";
export type { ProxyServer, ProxyServerOptions } from "./proxy/proxy-server.ts";

export { createExchangeCore } from "./exchange/core.ts";
export type { ExchangeCore } from "./exchange/core.ts";
export { startExchange } from "./exchange/server.ts";
export type { Exchange, ExchangeServerOptions } from "./exchange/server.ts";
export { utilisation } from "./exchange/books.ts";
export type { AccountBook, AddressBook, ExchangeBooks, RepeatedOrder, WindowBook } from "./exchange/books.ts";
export type { ExchangeAnswer, ExchangeRequest } from "./exchange/messages.ts";
export type { ExchangeOptions, ExchangeSettings } from "./exchange/options.ts";
export { binanceSpotPrice } from "./exchange/weights.ts";
export type { Price } from "./exchange/weights.ts";

export { startHttpServer } from "./http-server.ts";
export type { HttpServer, HttpServerHandler, HttpServerOptions } from "./http-server.ts";
export type { SeenRequest } from "./http/seen.ts";

export { createTestCertificate } from "./certificates.ts";
export type { ServerTls, TestCertificate } from "./certificates.ts";
export { closedPort, listen } from "./listener.ts";
export type { Listener } from "./listener.ts";
export { noRedis, redisBinaries, RedisServer } from "./redis-server.ts";
