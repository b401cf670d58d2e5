namespace ConcertDapr.Sidecar.Cel;

/// <summary>An expression that cannot be read.</summary>
internal sealed class CelSyntaxException(string message) : Exception(message);

/// <summary>An expression that cannot be evaluated for these values: a missing member, types that do not fit.</summary>
internal sealed class CelEvaluationException(string message) : Exception(message);
