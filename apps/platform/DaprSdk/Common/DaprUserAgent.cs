using System.Net.Http.Headers;

namespace Dapr;

/// <summary>The user agent of every call to the sidecar; the version is that of the SDK whose behaviour this repeats.</summary>
internal static class DaprUserAgent
{
    public const string Text = "dapr-sdk-dotnet/v1.18.5";

    public static ProductInfoHeaderValue Header { get; } = ProductInfoHeaderValue.Parse(Text);
}
