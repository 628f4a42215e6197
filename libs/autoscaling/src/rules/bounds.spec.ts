import { aPolicy } from '../../test/builders.ts';
import { bounds } from './bounds.ts';

describe('bounds', () => {
  const at = (time: string, ...schedules: object[]) => {
    const { minReplicas, maxReplicas } = bounds(
      aPolicy({ minReplicas: 1, maxReplicas: 10, schedules }),
      Date.parse(time),
    );
    return [minReplicas, maxReplicas];
  };
  const office = { from: '08:00', to: '18:00', timeZone: 'Europe/Paris', minReplicas: 3 };
  const night = { from: '22:00', to: '06:00', days: ['fri'], timeZone: 'Europe/Paris', minReplicas: 0, maxReplicas: 2 };

  it.each([
    { name: 'no schedule', time: '2026-11-16T12:00:00Z', schedules: [], expected: [1, 10] },
    {
      name: 'in winter Paris is an hour ahead: not yet',
      time: '2026-11-16T06:59:00Z',
      schedules: [office],
      expected: [1, 10],
    },
    { name: 'in winter: begun', time: '2026-11-16T07:00:00Z', schedules: [office], expected: [3, 10] },
    { name: 'in winter: over', time: '2026-11-16T17:00:00Z', schedules: [office], expected: [1, 10] },
    { name: 'in summer two hours', time: '2026-07-06T06:00:00Z', schedules: [office], expected: [3, 10] },
    { name: 'the day clocks go forward', time: '2026-03-29T06:00:00Z', schedules: [office], expected: [3, 10] },
    { name: 'the day clocks go back', time: '2026-10-25T06:30:00Z', schedules: [office], expected: [1, 10] },
    { name: 'a night before midnight', time: '2026-11-20T21:30:00Z', schedules: [night], expected: [0, 2] },
    {
      name: 'a night belongs to the day it begins on',
      time: '2026-11-21T04:30:00Z',
      schedules: [night],
      expected: [0, 2],
    },
    { name: 'not to the one it ends on', time: '2026-11-20T04:30:00Z', schedules: [night], expected: [1, 10] },
    {
      name: 'two in force: the larger minimum, the smaller maximum',
      time: '2026-11-16T12:00:00Z',
      schedules: [office, { ...office, minReplicas: 5, maxReplicas: 8 }],
      expected: [5, 8],
    },
    {
      name: 'a contradiction protects the bill',
      time: '2026-11-16T12:00:00Z',
      schedules: [office, { from: '00:00', to: '24:00', minReplicas: 0, maxReplicas: 2 }],
      expected: [2, 2],
    },
  ])('$name', ({ time, schedules, expected }) => {
    expect(at(time, ...schedules)).toEqual(expected);
  });
});
