export default async function startInfrastructure() {}
