import { Locator } from '@playwright/test';
import { violationsIn } from '../lab/axe';
import { withEngine } from '../lab/engine';
import { Lab } from '../lab/lab';
import { LabServer } from '../lab/server';
import { expect } from '../lab/test';

const withDocker = withEngine('tiny_image');

/**
 * An environment that is installed and has no packages, whose image has nothing to install either. Each
 * journey names its own: they run side by side with one engine.
 */
function makeLibrary(server: LabServer, name: string, base: string): void {
  server.python(`
from datetime import UTC, datetime
from pathlib import Path
from nbyard.domain.ids import new_id
from nbyard.domain.images.structs import Recipe
from nbyard.reasons.structs import text_reason
from nbyard.rest.identity import local_name
from nbyard.store import Store
import msgspec
store, owner, environment = Store(Path("../store")), local_name(), new_id()
with store.write() as c:
    row = {"id": environment, "name": "${name}", "description": "", "kernel": "nbyard-${name}"}
    row |= {"owner": owner, "created_at": datetime.now(UTC)}
    store.environments.insert(c, row)
    version = store.environments.add_version(c, owner, environment, [])
    store.environments.move(c, owner, version, "building", place="nowhere")
    store.environments.move(c, owner, version, "ready", packages=[])
    recipe = msgspec.to_builtins(Recipe(base="${base}", for_notebooks=False))
    made = new_id()
    told = {"reference": "${name}:old", "origin": "build", "environment": environment}
    store.images.insert(c, owner, made, recipe=recipe, version=1, **told)
    image = store.images.get(c, owner, made)
    store.images.move(c, image, "failed", reason=text_reason("It was long ago."))
store.close()
`);
}

function view(lab: Lab): Locator {
  return lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
}

withDocker(
  'L4: an environment becomes an image: its Dockerfile is read and added to, built and mended',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    const picture = (name: string) => lab.page.screenshot({ path: info.outputPath(`${name}.png`) });
    makeLibrary(server, 'ants', engine.image);
    await lab.panel();
    await lab.row('environment', 'ants').click();
    await view(lab).getByRole('tab', { name: 'Image' }).click();
    const text = view(lab).getByRole('region', { name: 'Generated Dockerfile' });
    await expect(text).toContainText(`ARG BASE=${engine.image}`);
    await expect(text).toContainText('USER 65534:65534');

    const build = view(lab).getByRole('button', { name: 'Build Image' });
    const own = view(lab).getByLabel('Your own lines');
    const packages = view(lab).getByLabel('System packages');
    await packages.fill('-o=Dir::Etc=/tmp');
    await expect(view(lab).locator('.nby-Field-error')).toContainText(
      'not a valid Debian package name'
    );
    await packages.fill('');
    await view(lab).getByLabel('User id').fill('1089');
    await expect(text).toContainText('USER 1089:65534');
    await own.fill('RUN echo moo\nRUN test -d /nowhere\n');
    await picture('edited');
    await build.click();
    const alert = view(lab).getByRole('alert');
    await expect(alert).toContainText('of the Dockerfile failed: exit code 1', { timeout: 60_000 });
    await expect(alert).toContainText('RUN test -d /nowhere');
    await expect(view(lab).getByRole('log')).toContainText('moo');
    await picture('failed');

    await own.fill('RUN echo moo\n');
    await build.click();
    await expect(view(lab).locator('.nby-Bar .nby-StateMark')).toHaveText('ready', {
      timeout: 60_000
    });
    await expect(view(lab)).toContainText('nbyard/ants:1');
    await expect(view(lab)).toContainText(/[0-9a-f]{12} · \d+(\.\d+)? .?i?B/);
    await picture('ready');
    const violations = await violationsIn(lab.page, '.nby-Image');
    expect(violations.map(({ id }) => id)).toEqual([]);

    await build.click();
    await expect(view(lab)).toContainText('no changes', { timeout: 60_000 });
  }
);

withDocker(
  'L4: what an image has besides is chosen and left behind; images are pushed, pulled, removed',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    const { dialog } = lab;
    const picture = (name: string) => lab.page.screenshot({ path: info.outputPath(`${name}.png`) });
    makeLibrary(server, 'cows', engine.image);
    await lab.panel();
    await lab.row('environment', 'cows').click();
    await view(lab).getByRole('tab', { name: 'Image' }).click();
    const text = view(lab).getByRole('region', { name: 'Generated Dockerfile' });
    const list = view(lab).getByRole('table', { name: 'Images' });
    const row = (name: string) => list.getByRole('row', { name });
    await expect(text).toContainText(`ARG BASE=${engine.image}`);
    await expect(row('cows:old')).toContainText('It was long ago.');

    const problem = view(lab).locator('.nby-Field-error');
    await view(lab).getByLabel('Packages for building only').fill('gcc, -x');
    await expect(problem).toContainText("'-x' is not a valid Debian package name");
    await view(lab).getByLabel('Packages for building only').fill('gcc');
    await view(lab).getByLabel('Environment variables').fill('MOO=loud\nDIR=/tmp');
    await view(lab).getByLabel('Labels').fill('org.example.cow=brown');
    await expect(text).toContainText('MOO="loud"');
    await expect(text).toContainText('org.example.cow="brown"');
    await view(lab).getByLabel('Labels').fill('Org Example');
    await expect(problem).toContainText('not a valid label name');
    await picture('chosen');
    await view(lab).getByRole('button', { name: 'Start Over' }).press('Enter');
    await expect(view(lab).getByLabel('Labels')).toHaveValue('');
    await expect(text).not.toContainText('MOO');
    await expect(text).not.toContainText(`ARG BASE=${engine.image}`);

    await view(lab).getByLabel('Base image').fill(engine.image);
    await view(lab).getByLabel('Your own lines').fill('RUN echo moo\n');
    await expect(text).toContainText(`ARG BASE=${engine.image}`);
    await server.ask('POST', 'images', {
      environment: 'cows',
      recipe: { base: engine.image, for_notebooks: false }
    });
    const built = row('nbyard/cows:1 ready');
    await expect(built).toBeVisible({ timeout: 60_000 });

    await built.getByRole('button', { name: 'Push nbyard/cows:1…' }).press('Enter');
    await expect(dialog.getByRole('textbox')).toBeFocused();
    await lab.page.keyboard.type('No Registry/');
    await lab.press('Enter');
    await expect(dialog).toContainText('is not a valid image name');
    await dialog.getByRole('textbox').fill('localhost:1/');
    await lab.press('Enter');
    const pushed = row('localhost:1/nbyard/cows:1');
    await expect(pushed).toContainText('failed', { timeout: 60_000 });
    await view(lab).getByRole('button', { name: 'Pull…' }).press('Enter');
    await dialog.getByRole('textbox').fill('localhost:1/ants');
    await lab.press('Enter');
    await expect(row('localhost:1/ants:latest')).toContainText('failed', { timeout: 60_000 });
    await picture('images');
    const violations = await violationsIn(lab.page, '.nby-Image');
    expect(violations.map(({ id }) => id)).toEqual([]);

    await built.getByRole('button', { name: 'Remove nbyard/cows:1…' }).press('Enter');
    await expect(dialog).toContainText('on the engine if the image has no other name');
    await picture('remove');
    await dialog.getByRole('button', { name: 'Keep' }).click();
    await expect(built).toBeVisible();
    await built.getByRole('button', { name: 'Remove nbyard/cows:1…' }).press('Enter');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await expect(built).toHaveCount(0);
  }
);
