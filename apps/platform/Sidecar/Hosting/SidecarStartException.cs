namespace ConcertDapr.Sidecar;

/// <summary>A sidecar cannot start; the message is one line for an operator and names file and component.</summary>
public sealed class SidecarStartException(string message, Exception? inner = null) : Exception(message, inner);
