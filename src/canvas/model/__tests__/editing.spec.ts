import { fileOf } from '../../../api/paths';
import { relativePath, resolvePath } from '../editing';

describe('paths of nodes', () => {
  it('E8: a function is found beside its document, and opens as its file', () => {
    const own = relativePath('flows/a.nbflow', 'flows/pkg/steps.py::clean');
    expect(own).toBe('pkg/steps.py::clean');
    const path = resolvePath('flows/a.nbflow', own);
    expect(path).toBe('flows/pkg/steps.py::clean');
    expect(fileOf(path)).toBe('flows/pkg/steps.py');
  });

  it('other paths are files', () => {
    for (const path of ['a.ipynb', 'steps.py', 'x::y/a.csv', 'a.csv::b', 'steps.py::a.b']) {
      expect(fileOf(path)).toBe(path);
    }
  });
});
