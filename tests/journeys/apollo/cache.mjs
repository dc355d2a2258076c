// Reads {query, data} from stdin, keeps the data in a cache as a front end has it, and prints what the cache gives back.
import { readFileSync } from "node:fs";
import { gql, InMemoryCache } from "@apollo/client";

const given = JSON.parse(readFileSync(0, "utf8"));
const query = gql(given.query);
const cache = new InMemoryCache({ possibleTypes: { Node: ["Customer"], TimelineEntry: ["Order", "Ticket", "Event"] } });
cache.writeQuery({ query, data: given.data });
const keys = Object.keys(cache.extract()).filter((key) => !key.startsWith("__") && key !== "ROOT_QUERY");
console.log(JSON.stringify({ keys: keys.sort(), data: cache.readQuery({ query }) }));
