using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Sidecar.Components;

/// <summary>
/// Who may invoke the app. Callers prove who they are by mTLS only, which this runtime does not have: as in daprd
/// without mTLS, the default action decides for everybody.
/// </summary>
internal sealed record AccessControl(bool AllowByDefault)
{
    /// <exception cref="SidecarStartException">A policy lacks a mandatory member.</exception>
    public static AccessControl? Read(YamlNode? node, string file)
    {
        if (node is null) return null;
        foreach (var policy in node.Items("policies"))
            foreach (var name in new[] { "appId", "trustDomain", "namespace" })
                if (string.IsNullOrEmpty(policy.Text(name)))
                    throw new SidecarStartException($"{file}: an accessControl policy lacks {name}");
        var policies = node.At("policies") as YamlSequenceNode;
        var allow = node.Text("defaultAction") switch
        {
            "allow" => true,
            "deny" => false,
            null or "" => policies is { Children.Count: 0 },
            var other => throw new SidecarStartException($"{file}: accessControl.defaultAction is '{other}', not allow or deny"),
        };
        return new AccessControl(allow);
    }
}
