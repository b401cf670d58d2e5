using ConcertDapr.Sidecar.Components;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Telemetry;

/// <summary>Where spans go: <c>spec.tracing.otel</c> of the Configuration, else <c>OTEL_EXPORTER_OTLP_*</c>, as in daprd.</summary>
/// <param name="Address">The receiver; OTLP over HTTP adds <c>/v1/traces</c>.</param>
/// <param name="IsGrpc">OTLP over gRPC, else over HTTP with protobuf.</param>
internal sealed record OtlpTarget(Uri Address, bool IsGrpc)
{
    /// <summary>The target, or null where none is configured.</summary>
    /// <exception cref="SidecarStartException">The address is none.</exception>
    public static OtlpTarget? Of(YamlNode? otel, Func<string, string?> environment)
    {
        if (otel.Text("endpointAddress") is { Length: > 0 } address)
            return new(Parse(address, otel.Text("isSecure") == "false"), otel.Text("protocol") != "http");
        return environment("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 } endpoint
            ? new(Parse(endpoint, isPlain: true), environment("OTEL_EXPORTER_OTLP_PROTOCOL")?.StartsWith("http", StringComparison.Ordinal) != true)
            : null;
    }

    private static Uri Parse(string address, bool isPlain)
    {
        var text = address.Contains("://", StringComparison.Ordinal) ? address : $"{(isPlain ? "http" : "https")}://{address}";
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new SidecarStartException($"tracing.otel.endpointAddress: '{address}' is no address");
    }
}
