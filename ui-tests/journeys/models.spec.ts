import { mkdir, writeFile } from 'node:fs/promises';
import { withEngine } from '../lab/engine';
import { LabServer } from '../lab/server';
import { expect } from '../lab/test';

const withDocker = withEngine('base_image', image => ({
  NBYARD_DOCKER_BASE_IMAGE: image,
  NBYARD_DOCKER_BUILD_NETWORK: 'none'
}));

const FILE = `name: Double weight
deployment: {mode: batch}
src: src
interface: {model_module: model, model_class: Doubler}
input_schema: [{name: weight, type: float}]
output_schema: [{name: doubled, type: float}]
`;

const CLASS = `class Doubler:
    def __init__(self):
        self.factor = 2

    def predict(self, frame):
        return (frame * self.factor).rename(columns={"weight": "doubled"})
`;

/** A class, the file that describes it, and rows for it. */
async function makeModel(server: LabServer): Promise<void> {
  await mkdir(server.file('src'));
  await writeFile(server.file('src/model.py'), CLASS);
  await writeFile(server.file('nervosum.yaml'), FILE);
  await writeFile(server.file('birds.csv'), 'weight\n1.5\n4\n');
  await server.post('datasets', { source: { kind: 'file', path: 'birds.csv' } });
}

withDocker(
  'E7: the class of a model file is dragged onto the canvas, predicts a dataset, and can be deployed',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    withDocker.setTimeout(600_000);
    const picture = (name: string) => lab.page.screenshot({ path: info.outputPath(`${name}.png`) });
    await makeModel(server);
    await lab.tile('New Workflow').click();
    const { canvas } = lab;
    await expect(canvas.palette).toContainText('13 B'); // it was imported
    await lab.drag(canvas.row('birds.csv'), await canvas.at(0.4, 0.4));
    await expect(canvas.card('birds.csv')).toBeVisible();
    await picture('1-drawer');
    await lab.drag(canvas.row('nervosum.yaml'), canvas.card('birds.csv')); // wired, as it leaves no doubt
    await expect(canvas.card('nervosum.yaml')).toContainText('predictions');
    await expect(canvas.arrows).toHaveCount(1);
    await lab.click(canvas.button('run-workflow'));
    await lab.drawer.succeeds();
    await expect(canvas.state('nervosum.yaml')).toContainText('succeeded');
    await lab.drawer.tab('Results');
    await lab.drawer.row('predictions').click();
    await expect(lab.drawer.body).toContainText('doubled');
    await picture('2-predicted');

    await canvas.card('nervosum.yaml').click();
    await lab.press('Shift+D');
    const form = lab.page.locator('.nby-View:visible');
    await expect(form).toContainText('weight: float', { timeout: 300_000 }); // an image is built
    await expect(form).toContainText('doubled: float');
    await picture('3-deploy');
  }
);
