import { nullTranslator } from '@jupyterlab/translation';
import { ApiError } from '../../../../api/client';
import { DockerfileText, NamedImage } from '../../../../api/types';
import { deletionText } from '../ImageList';
import { isBeingMade, generatedPart, problemsOf } from '../images';

describe('images of environments', () => {
  it('are being made until they are at their end', () => {
    const states = ['queued', 'building', 'ready', 'failed'] as const;
    const live = states.filter(state => isBeingMade({ state } as NamedImage));
    expect(live).toEqual(['queued', 'building']);
  });

  it('tell what removing them would remove', () => {
    const trans = nullTranslator.load('nbyard');
    const of = (part: Partial<NamedImage>) => deletionText(part as NamedImage, trans);
    expect(of({ state: 'building' })).toContain('build is cancelled');
    expect(of({ state: 'failed' })).toContain('no image of this name');
    const built = of({ state: 'ready', origin: 'build', size_bytes: 2048 });
    expect(built).toContain('2.0 kB on the engine');
    expect(built).not.toContain('registry');
    expect(of({ state: 'ready', origin: 'push' })).toContain('image in the registry stays');
  });

  it('show what is made, up to the marker', () => {
    const text = 'FROM x\n# mine\nRUN y\n';
    expect(generatedPart({ text, marker: '# mine' } as DockerfileText)).toBe('FROM x\n# mine');
  });

  it('tell what is refused at its field', () => {
    const details = [
      { path: 'recipe.system_packages.1', message: 'is none' },
      { path: 'recipe.uid', message: 'is root' },
      { path: 'tag', message: 'is taken' }
    ];
    const refused = new ApiError(422, 'invalid', 'no', '', details);
    expect(problemsOf(refused)).toEqual({
      system_packages: 'is none',
      uid: 'is root',
      '': 'is taken'
    });
    expect(problemsOf(new Error('away'))).toEqual({ '': 'away' });
  });
});
