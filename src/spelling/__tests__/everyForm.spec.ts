import { readdirSync, readFileSync } from 'fs';
import { join, resolve } from 'path';
import { ROUTES } from '../../api/routes';

const code = readdirSync(resolve('src'), { recursive: true, encoding: 'utf8' })
  .filter(name => /\.tsx?$/.test(name) && !name.includes('__tests__'))
  .map(name => readFileSync(join(resolve('src'), name), 'utf8'))
  .join('\n');

const found = (pattern: RegExp) => new Set([...code.matchAll(pattern)].map(([, id]) => id));
const isRead = (id: string) => {
  const [noun, verb] = id.split('.');
  return ROUTES[noun]?.[verb]?.startsWith('GET ');
};

/** Questions that use POST because they have a body. */
const READS = [
  ...['environments.preview', 'executables.help', 'executables.inspect', 'executables.preview'],
  ...['channels.test_url', 'images.dockerfile', 'runs.forecast', 'runs.preview_clean_up'],
  ...['bisections.preview', 'models.deployed', 'system.spell', 'workflows.check']
];
/** Done at once by a button, a menu or a switch: there is no form to show it in. */
const WITHOUT_FORM = [
  ...['backfills.cancel', 'bisections.cancel', 'projects.delete_policy', 'automations.rotate'],
  ...['channels.delete', 'channels.test', 'datasets.notebook', 'deployments.rollback'],
  ...['deployments.extend', 'deployments.start', 'deployments.stop', 'environments.cancel'],
  'executables.declare',
  ...['executables.tag', 'models.delete', 'models.renew', 'projects.unlink', 'runs.cancel'],
  ...['deployments.create_key', 'environments.kernel', 'environments.set_default'],
  ...['runs.keep', 'runs.unkeep', 'automations.fire'],
  ...['uploads.create', 'uploads.delete', 'workflows.create_example', 'workflows.from_files'],
  ...['runs.cancel_element', 'runs.retry_elements', 'workflows.restore'],
  ...['admin.resume', 'admin.withdraw', 'shares.revoke'],
  ...['shares.create_link', 'shares.revoke_link']
];

describe('G8: requests that change or start something', () => {
  const called = found(/\.call\(\s*'([a-z]+\.[a-z_]+)'/g);
  const spelled = found(/\bid(?::| =) '([a-z]+\.[a-z_]+)'/g);
  const changes = [...called, ...spelled].filter(id => !isRead(id));

  it('are shown as a command by the form that sends them', () => {
    expect(changes.length).toBeGreaterThan(40);
    const missing = changes.filter(
      id => !spelled.has(id) && ![...READS, ...WITHOUT_FORM].includes(id)
    );
    expect(missing).toEqual([]);
  });

  it('are not excused without need', () => {
    expect([...READS, ...WITHOUT_FORM].filter(id => spelled.has(id))).toEqual([]);
    expect(WITHOUT_FORM.filter(id => !called.has(id))).toEqual([]);
  });
});
