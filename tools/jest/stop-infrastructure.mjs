export default async function stopInfrastructure() {}
