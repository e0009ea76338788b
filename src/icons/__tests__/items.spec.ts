import { dataKind } from '../../components/format/dataKinds';
import { datasetIcon, kindIcon } from '../items';

describe('the icon of data', () => {
  it('tells tables, models, folders and other files apart', () => {
    const iconOf = (format: string) => kindIcon(dataKind(format));
    expect([iconOf('csv'), iconOf('')]).toEqual([datasetIcon, datasetIcon]);
    expect(iconOf('joblib')).toBe(kindIcon('model'));
    const names = ['csv', 'joblib', 'folder', 'png'].map(format => iconOf(format).name);
    expect(new Set(names).size).toBe(4);
    expect(iconOf('txt')).toBe(iconOf('png'));
  });
});
