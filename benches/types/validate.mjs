// The data of `validate.lua` checked by zod and by ajv. Needs both installed where node finds them:
//   npm install zod ajv && NODE_PATH=node_modules node validate.mjs
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const require = createRequire(pathToFileURL(path.join(process.cwd(), "package.json")));
const { z } = require("zod");
const Ajv = require("ajv/dist/2020");

const roles = ["admin", "editor", "viewer"];
const users = [];
for (let i = 1; i <= 100; i++) {
  const user = {
    id: i,
    name: "user number " + i,
    email: "user" + i + "@example.com",
    age: 18 + (i % 60),
    score: i / 128,
    active: i % 2 === 0,
    role: roles[i % 3],
    address: { street: i + " Main Street", city: "Springfield", zip: String(10000 + i), country: "US" },
    tags: ["one", "two", "three", "tag" + i],
  };
  if (i % 4 === 0) user.nickname = "nick" + i;
  users.push(user);
}
const text = JSON.stringify(users);
const decoded = JSON.parse(text);
const flat = {
  id: 1, width: 2, title: "title", author: "author", published: true,
  price: 1.5, weight: 2.5, language: "en", pages: 9, available: false,
};
const numbers = Array.from({ length: 1000 }, (_, i) => (i + 1) * 0.5);

const zodUsers = z.array(
  z.object({
    id: z.number().int().min(1),
    name: z.string().min(1).max(80),
    email: z.string().regex(/^[^@ ]+@[^@ ]+$/),
    age: z.number().int().min(0).max(150),
    score: z.number().min(0).max(1),
    active: z.boolean(),
    role: z.enum(["admin", "editor", "viewer"]),
    address: z.object({
      street: z.string().min(1).max(100),
      city: z.string(),
      zip: z.string().regex(/^[0-9]{5}$/),
      country: z.string().min(2).max(2),
    }),
    tags: z.array(z.string()),
    nickname: z.string().optional(),
  }),
);
const zodFlat = z.object({
  id: z.number().int(), width: z.number().int(), title: z.string(), author: z.string(), published: z.boolean(),
  price: z.number(), weight: z.number(), language: z.string(), pages: z.number().int(), available: z.boolean(),
});
const zodNumbers = z.array(z.number());

const string = (limits) => ({ type: "string", ...limits });
const record = (properties, optional = []) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const userSchema = record(
  {
    id: { type: "integer", minimum: 1 },
    name: string({ minLength: 1, maxLength: 80 }),
    email: string({ pattern: "^[^@ ]+@[^@ ]+$" }),
    age: { type: "integer", minimum: 0, maximum: 150 },
    score: { type: "number", minimum: 0, maximum: 1 },
    active: { type: "boolean" },
    role: { enum: roles },
    address: record({
      street: string({ minLength: 1, maxLength: 100 }),
      city: string({}),
      zip: string({ pattern: "^[0-9]{5}$" }),
      country: string({ minLength: 2, maxLength: 2 }),
    }),
    tags: { type: "array", items: string({}) },
    nickname: string({}),
  },
  ["nickname"],
);
const flatSchema = record({
  id: { type: "integer" }, width: { type: "integer" }, title: string({}), author: string({}),
  published: { type: "boolean" }, price: { type: "number" }, weight: { type: "number" }, language: string({}),
  pages: { type: "integer" }, available: { type: "boolean" },
});
const ajv = new Ajv();
const ajvUsers = ajv.compile({ type: "array", items: userSchema });
const ajvFlat = ajv.compile(flatSchema);
const ajvNumbers = ajv.compile({ type: "array", items: { type: "number" } });

const broken = JSON.parse(text);
broken[99].address.zip = "1234";
for (const valid of [zodUsers.safeParse(users).success, ajvUsers(users), ajvFlat(flat), zodFlat.safeParse(flat).success]) {
  if (!valid) throw new Error("valid data was refused");
}
for (const valid of [zodUsers.safeParse(broken).success, ajvUsers(broken)]) {
  if (valid) throw new Error("broken data was accepted");
}

let sink = 0;
function measure(name, operation) {
  const round = (count) => {
    const start = process.cpuUsage();
    for (let i = 0; i < count; i++) sink += operation() ? 1 : 0;
    const spent = process.cpuUsage(start);
    return (spent.user + spent.system) / 1e6;
  };
  let count = 1;
  for (;;) {
    const spent = round(count);
    if (spent > 0.02) {
      count = Math.ceil((count * 0.1) / spent);
      break;
    }
    count *= 8;
  }
  let least = Infinity;
  for (let i = 0; i < 15; i++) least = Math.min(least, round(count) / count);
  console.log(`${name}\t${(least * 1e9).toFixed(1)}`);
}

measure("zod: users", () => zodUsers.safeParse(decoded).success);
measure("zod: users, last one wrong", () => zodUsers.safeParse(broken).success);
measure("zod: flat", () => zodFlat.safeParse(flat).success);
measure("zod: numbers", () => zodNumbers.safeParse(numbers).success);
measure("zod: text", () => zodUsers.safeParse(JSON.parse(text)).success);
measure("ajv: users", () => ajvUsers(decoded));
measure("ajv: users, last one wrong", () => ajvUsers(broken));
measure("ajv: flat", () => ajvFlat(flat));
measure("ajv: numbers", () => ajvNumbers(numbers));
measure("ajv: text", () => ajvUsers(JSON.parse(text)));
measure("JSON.parse", () => JSON.parse(text));
