// node memjs.js PORT: stores values in a memcached, and reads them back.
import memjs from "memjs";

const client = memjs.Client.create(`127.0.0.1:${process.argv[2]}`, { retries: 0 });
for (const value of ["", "hello", "x".repeat(100_000)]) {
  await client.set("a", value, { expires: 60 });
  console.log(`${(await client.get("a")).value.toString() == value}`);
}
console.log((await client.get("none")).value);
console.log((await client.increment("n", 1, { initial: 41 })).value, (await client.increment("n", 1)).value);
client.quit();
