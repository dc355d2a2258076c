// A peer: Mercurius with its just-in-time compiler and data loaders.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { makeLoaders, port, resolvers, typeDefs } from './connectors.mjs';

const app = Fastify({ logger: false });
app.register(mercurius, { schema: typeDefs, resolvers, jit: 1, context: () => ({ loaders: makeLoaders() }) });
await app.listen({ port, host: '127.0.0.1' });
