import { showMemory } from '../../../components/format/bytes';
import { JsonObject } from '../../../document/canonical';

/** Return where a node runs and with what, as far as it sets that. */
export function chipsOf(fields: JsonObject): string[] {
  const { runtime, image, environment, cpu, gpu, memory_bytes: memory } = fields;
  const parts = [
    runtime,
    image,
    environment,
    cpu && `${String(cpu)} CPU`,
    gpu && `${String(gpu)} GPU`,
    typeof memory === 'number' && showMemory(memory)
  ];
  return parts.filter(Boolean).map(String);
}
