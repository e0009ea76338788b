import { ApiError } from '../../api/client';
import { fieldErrors } from '../fieldErrors';

describe('the messages of refused fields', () => {
  it('E5: have the hint at the first one, if the form shows it', () => {
    const details = [{ path: 'arguments.2.name', message: 'is there twice' }];
    const error = new ApiError(422, 'invalid', 'No.', 'Rename it.', details);
    expect(fieldErrors(error)).toEqual({ 'arguments.2.name': 'is there twice. Rename it.' });
    expect(fieldErrors(error, () => false)).toEqual({ 'arguments.2.name': 'is there twice' });
  });

  it.each(['Which of both?', 'No!', 'Not here.', 'Did you mean …'])(
    'E5: adds a hint to the sentence %s without another full stop',
    message => {
      const error = new ApiError(422, 'invalid', 'No.', 'Rename it.', [{ path: 'name', message }]);
      expect(fieldErrors(error)).toEqual({ name: `${message} Rename it.` });
    }
  );
});
