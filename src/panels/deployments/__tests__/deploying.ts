/** What the server says of deployments, for tests. */
import { DeploymentForm, FormField, Port } from '../../../api/types';

export const PORT: Port = {
  name: 'api',
  port: 5000,
  path: '/',
  websocket: false,
  keep_prefix: false
};

export function field(
  name: string,
  kind: FormField['kind'],
  part: Partial<FormField> = {}
): FormField {
  return {
    name,
    title: name,
    help: `Help for ${name}.`,
    kind,
    default: null,
    least: null,
    most: null,
    unit: '',
    choices: [],
    is_required: false,
    is_advanced: false,
    ...part
  };
}

const service = (name: 'api' | 'jupyterlab', title: string, image: string) => ({
  name,
  title,
  help: `About ${title}.`,
  image,
  ports: [PORT],
  needs_password: name === 'jupyterlab',
  model_ports: name === 'api' ? [{ ...PORT, path: '/v2/health/ready' }] : []
});

const fields = (least: number, most: number): FormField[] => [
  field('title', 'text', { title: 'Title' }),
  field('name', 'text', { title: 'Host name' }),
  field('cpu', 'number', { title: 'CPU', least, most, default: least }),
  field('memory_gb', 'number', { title: 'Memory', least: 2, most: 40, default: 8, unit: 'GB' }),
  field('gpu', 'number', { title: 'GPU', least: 0, most: 1, default: 0 }),
  field('password', 'password', { title: 'Password', least: 9, most: 200 }),
  field('command', 'words', { title: 'Command', is_advanced: true }),
  field('ports', 'ports', { title: 'Ports', is_advanced: true })
];

export const FORM: DeploymentForm = {
  presets: [
    { name: 'standard', title: 'Standard', fields: fields(1, 10) },
    { name: 'tutorial', title: 'Tutorial', fields: fields(2, 4) }
  ],
  services: [
    service('api', 'Model API', ''),
    service('jupyterlab', 'JupyterLab', 'quay.io/jupyter/minimal-notebook:latest')
  ],
  gpus: [],
  engine: { name: 'docker', state: 'ok', finding: '', cure: '' }
};
