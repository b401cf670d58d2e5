namespace ConcertDapr.Sidecar.State;

/// <summary>A store refused or failed an operation for another reason than an etag.</summary>
public sealed class StateStoreException(string message, Exception? inner = null) : Exception(message, inner);
