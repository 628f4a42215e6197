export * from './gen/index.ts';
export { TOPICS, topicOf, type Topic, type TopicName } from './topics.ts';
