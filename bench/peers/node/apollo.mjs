// A peer: Apollo Server with data loaders.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeLoaders, port, resolvers, typeDefs } from './connectors.mjs';

const server = new ApolloServer({ typeDefs, resolvers, csrfPrevention: false, includeStacktraceInErrorResponses: false });
await startStandaloneServer(server, {
  listen: { port, host: '127.0.0.1' },
  context: async () => ({ loaders: makeLoaders() }),
});
