//! Several things at the same time, their results in order.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// What `make` makes of every number below `count`, in their order; at most `jobs` are made at the same time.
pub fn in_parallel<T: Send>(
    jobs: NonZero<usize>,
    count: usize,
    make: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let jobs = jobs.get().min(count);
    if jobs <= 1 {
        return (0..count).map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut made: Vec<(usize, T)> = std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, make) = (sender.clone(), &next, &make);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || sender.send((number, make(number))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        receiver.iter().collect()
    });
    made.sort_by_key(|&(number, _)| number);
    made.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_no_more_than_the_jobs_are_made_at_once() {
        for jobs in [1, 2, 7] {
            let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let made = in_parallel(NonZero::new(jobs).unwrap(), 100, |number| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, Ordering::SeqCst);
                number * 2
            });
            assert_eq!(made, (0..100).map(|number| number * 2).collect::<Vec<_>>());
            assert!(most.into_inner() <= jobs);
        }
        assert!(in_parallel(NonZero::<usize>::MIN, 0, |number| number).is_empty());
    }
}
