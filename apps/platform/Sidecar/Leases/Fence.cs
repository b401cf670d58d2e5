namespace ConcertDapr.Sidecar.Leases;

/// <summary>
/// Proof of a lease that goes along with a write: the write counts only while the lease table still has
/// <paramref name="Holder"/> under <paramref name="Field"/>. A replica that was silent for too long cannot undo its successor's work.
/// </summary>
internal readonly record struct Fence(string Table, string Field, string Holder);

/// <summary>A write came too late: another replica holds the lease. Nothing was written.</summary>
internal sealed class FencedException(Fence fence)
    : Exception($"this replica no longer holds {fence.Field} of {fence.Table}; another one has taken over");
